package command

import "fmt"

// audioName gives QEMU's name of an audio backend; no id stands for the first.
func (b *builder) audioName(id uint) string {
	audios := b.doc.Devices.Audios
	if len(audios) == 0 {
		b.internal("unable to find default audio backend for sound device")
		return ""
	}
	if id == 0 {
		return fmt.Sprintf("audio%d", audios[0].ID)
	}
	return fmt.Sprintf("audio%d", id)
}
