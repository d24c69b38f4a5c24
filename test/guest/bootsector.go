package guest

// Greeting is the first line that the guest prints.
const Greeting = "Hello from a guest of virtree"

// BootSector assembles the guest: a disk image of one sector.
func BootSector() ([]byte, error) {
	a := &assembler{labels: make(map[string]int)}
	a.origin()
	a.print("greeting")
	a.emit(0xb1, '0') // mov cl, '0'
	a.count()
	a.routines()
	a.label("greeting")
	a.text(Greeting + "\r\n")
	a.label("tick")
	a.text("tick ")
	a.label("line")
	a.text("\r\n")
	return a.sector()
}

// origin sets up the registers that a boot sector may not rely upon.
func (a *assembler) origin() {
	a.emit(0xfa)             // cli
	a.emit(0x31, 0xc0)       // xor ax, ax
	a.emit(0x8e, 0xd8)       // mov ds, ax
	a.emit(0x8e, 0xd0)       // mov ss, ax
	a.emit(0xbc, 0x00, 0x7c) // mov sp, 0x7c00
	a.emit(0xfb)             // sti
	a.emit(0xfc)             // cld
}

// count prints "tick N" for ever, N from 0 to 9.
func (a *assembler) count() {
	a.label("loop")
	a.print("tick")
	a.emit(0x88, 0xc8) // mov al, cl
	a.call("put")
	a.print("line")
	a.emit(0xfe, 0xc1)      // inc cl
	a.emit(0x80, 0xf9, ':') // cmp cl, '9' + 1
	a.jumpNZ("pause")
	a.emit(0xb1, '0') // mov cl, '0'
	a.label("pause")
	a.emit(0xbd, 9, 0) // mov bp, 9: timer interrupts, 18 a second
	a.label("sleep")
	a.emit(0xf4) // hlt
	a.emit(0x4d) // dec bp
	a.jumpNZ("sleep")
	a.jump("loop")
}

func (a *assembler) routines() {
	a.label("print")   // the text at si
	a.emit(0xac)       // lodsb
	a.emit(0x84, 0xc0) // test al, al
	a.jumpZ("end")
	a.call("put")
	a.jump("print")

	a.label("put")           // al to COM1
	a.emit(0x88, 0xc3)       // mov bl, al
	a.emit(0xba, 0xfd, 0x03) // mov dx, 0x3fd: line status
	a.label("busy")
	a.emit(0xec)       // in al, dx
	a.emit(0xa8, 0x20) // test al, 0x20: may send
	a.jumpZ("busy")
	a.emit(0xba, 0xf8, 0x03) // mov dx, 0x3f8
	a.emit(0x88, 0xd8)       // mov al, bl
	a.emit(0xee)             // out dx, al
	a.label("end")
	a.emit(0xc3) // ret
}
