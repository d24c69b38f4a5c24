package command

func (b *builder) memoryDevices() {}
func (b *builder) filesystems()   {}
