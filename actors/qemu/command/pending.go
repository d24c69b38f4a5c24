package command

func (b *builder) memoryDevices()  {}
func (b *builder) filesystems()    {}
func (b *builder) interfaces()     {}
func (b *builder) smartcards()     {}
func (b *builder) tpms()           {}
func (b *builder) inputs()         {}
func (b *builder) audios()         {}
func (b *builder) graphics()       {}
func (b *builder) videos()         {}
func (b *builder) sounds()         {}
func (b *builder) watchdogs()      {}
func (b *builder) redirdevs()      {}
func (b *builder) hostdevs()       {}
func (b *builder) memballoon()     {}
func (b *builder) rngs()           {}
func (b *builder) nvram()          {}
func (b *builder) vmCoreInfo()     {}
func (b *builder) launchSecurity() {}
func (b *builder) panics()         {}
func (b *builder) shmems()         {}
func (b *builder) vsock()          {}
func (b *builder) cryptos()        {}
func (b *builder) pstore()         {}
