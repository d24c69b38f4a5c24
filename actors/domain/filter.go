package domain

// The flags of virConnectListAllDomains.
const (
	ListActive uint32 = 1 << iota
	ListInactive
	ListPersistent
	ListTransient
	ListRunning
	ListPaused
	ListShutoff
	ListOther
	ListManagedSave
	ListNoManagedSave
	ListAutostart
	ListNoAutostart
	ListHasSnapshot
	ListNoSnapshot
	ListHasCheckpoint
	ListNoCheckpoint
)

// ListFlags are all flags that a list takes.
const ListFlags = ListNoCheckpoint<<1 - 1

// Match says whether an object passes the flags: one flag of each group that has any must hold.
func (o *Object) Match(flags uint32) bool {
	if flags == 0 {
		return true
	}
	other := o.State != Running && o.State != Paused && o.State != Shutoff
	return group(flags, ListActive, o.Active(), ListInactive, !o.Active()) &&
		group(flags, ListPersistent, o.Persistent, ListTransient, !o.Persistent) &&
		(flags&(ListRunning|ListPaused|ListShutoff|ListOther) == 0 ||
			flags&ListRunning != 0 && o.State == Running ||
			flags&ListPaused != 0 && o.State == Paused ||
			flags&ListShutoff != 0 && o.State == Shutoff ||
			flags&ListOther != 0 && other) &&
		group(flags, ListManagedSave, o.ManagedSave, ListNoManagedSave, !o.ManagedSave) &&
		group(flags, ListAutostart, o.Autostart, ListNoAutostart, !o.Autostart) &&
		group(flags, ListHasSnapshot, o.Snapshots > 0, ListNoSnapshot, o.Snapshots == 0) &&
		group(flags, ListHasCheckpoint, o.Checkpoints > 0, ListNoCheckpoint, o.Checkpoints == 0)
}

func group(flags, a uint32, isA bool, b uint32, isB bool) bool {
	return flags&(a|b) == 0 || flags&a != 0 && isA || flags&b != 0 && isB
}
