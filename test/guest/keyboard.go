package guest

// Ready is what the guest of Keyboard prints when it waits for keys.
const Ready = "ready for keys"

// write is a value that goes to a port of the machine.
type write struct {
	port  uint16
	value uint16
	wide  bool // 16 bits
}

// deeds are what the guest of Keyboard does, by key. The ports are those that
// SeaBIOS gives to a PC of type i440FX or Q35.
var deeds = []struct {
	key    byte
	writes []write
}{
	{'p', []write{{0x604, 0x2000, true}}},              // power off
	{'s', []write{{0x604, 0x2400, true}}},              // sleep
	{'d', []write{{0x604, 0x2800, true}}},              // sleep to disk
	{'r', []write{{0x64, 0xfe, false}}},                // reset by the keyboard's controller
	{'c', []write{{0x505, 0x01, false}}},               // crash, told to the panic device
	{'w', []write{{0x443, 0x0f, false}}},               // start an ib700 watchdog that is due at once
	{'t', []write{{0x70, 4, false}, {0x71, 1, false}}}, // set the clock's hour
	{'e', []write{{0x3f8, '!', false}}},                // print
}

// Keyboard assembles a guest that waits for keys and does what they stand for: a disk image of one sector.
func Keyboard() ([]byte, error) {
	a := &assembler{labels: make(map[string]int)}
	a.origin()
	a.print("greeting")
	a.label("loop")
	a.emit(0x30, 0xe4) // xor ah, ah
	a.emit(0xcd, 0x16) // int 0x16: wait for a key
	for _, d := range deeds {
		next := "after " + string(d.key)
		a.emit(0x3c, d.key) // cmp al, key
		a.jumpNZ(next)
		for _, w := range d.writes {
			a.out(w)
		}
		a.label(next)
	}
	a.emit(0xe9, 0, 0) // jmp near
	a.fixes = append(a.fixes, fix{len(a.code) - 2, "loop", 2, true})
	a.routines()
	a.label("greeting")
	a.text(Ready + "\r\n")
	return a.sector()
}

// out writes to a port; al is lost.
func (a *assembler) out(w write) {
	a.emit(0xba, byte(w.port), byte(w.port>>8)) // mov dx, port
	if w.wide {
		a.emit(0xb8, byte(w.value), byte(w.value>>8)) // mov ax, value
		a.emit(0xef)                                  // out dx, ax
		return
	}
	a.emit(0xb0, byte(w.value)) // mov al, value
	a.emit(0xee)                // out dx, al
}
