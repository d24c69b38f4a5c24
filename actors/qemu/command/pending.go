package command

func (b *builder) memoryDevices() {}
func (b *builder) filesystems()   {}
func (b *builder) smartcards()    {}
func (b *builder) tpms()          {}
func (b *builder) inputs()        {}
func (b *builder) videos()        {}
func (b *builder) redirdevs()     {}
func (b *builder) hostdevs()      {}
