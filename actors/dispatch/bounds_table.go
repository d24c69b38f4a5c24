package dispatch

import (
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// list is the bound of a list that is asked for by its length.
func list(field, name, limitName string, limit int64) []bound {
	return []bound{{
		field: field, limit: limit, code: virerr.RPC,
		negative: name + " must be non-negative", over: name + " > REMOTE_" + limitName,
	}}
}

// plain is a bound that only an internal error tells of.
func plain(field string, limit int64, over string) bound {
	return bound{field: field, limit: limit, code: virerr.InternalError, over: over}
}

func params(limit int64) []bound { return []bound{plain("Nparams", limit, "nparams too large")} }

// maps are the bounds of processor maps, so many of so many bytes; length is
// what libvirt calls a negative length.
func maps(field, name, length string) []bound {
	return []bound{
		{field: field, limit: 1 << 31, code: virerr.InternalError, negative: name + " must be non-negative"},
		{field: "Maplen", limit: 1 << 31, code: virerr.InternalError, negative: length + " must be non-negative"},
		plain(field, remote.VcpuinfoMax, name+" > REMOTE_VCPUINFO_MAX"),
		{field: field, times: "Maplen", limit: remote.CpumapsMax, code: virerr.InternalError, over: "maxinfo * maplen > REMOTE_CPUMAPS_MAX"},
	}
}

// argumentBounds are by procedure of the remote program.
var argumentBounds = map[int32][]bound{
	remote.ProcConnectListDefinedDomains:         list("Maxnames", "maxnames", "DOMAIN_LIST_MAX", remote.DomainListMax),
	remote.ProcConnectListDomains:                list("Maxids", "maxids", "DOMAIN_LIST_MAX", remote.DomainListMax),
	remote.ProcConnectListDefinedNetworks:        list("Maxnames", "maxnames", "NETWORK_LIST_MAX", remote.NetworkListMax),
	remote.ProcConnectListNetworks:               list("Maxnames", "maxnames", "NETWORK_LIST_MAX", remote.NetworkListMax),
	remote.ProcConnectListStoragePools:           list("Maxnames", "maxnames", "STORAGE_POOL_LIST_MAX", remote.StoragePoolListMax),
	remote.ProcConnectListDefinedStoragePools:    list("Maxnames", "maxnames", "STORAGE_POOL_LIST_MAX", remote.StoragePoolListMax),
	remote.ProcStoragePoolListVolumes:            list("Maxnames", "maxnames", "STORAGE_VOL_LIST_MAX", remote.StorageVolListMax),
	remote.ProcNodeGetCellsFreeMemory:            list("Maxcells", "maxcells", "NODE_MAX_CELLS", remote.NodeMaxCells),
	remote.ProcNodeListDevices:                   list("Maxnames", "maxnames", "NODE_DEVICE_LIST_MAX", remote.NodeDeviceListMax),
	remote.ProcNodeDeviceListCaps:                list("Maxnames", "maxnames", "NODE_DEVICE_CAPS_LIST_MAX", remote.NodeDeviceCapsListMax),
	remote.ProcConnectListInterfaces:             list("Maxnames", "maxnames", "INTERFACE_LIST_MAX", remote.InterfaceListMax),
	remote.ProcConnectListDefinedInterfaces:      list("Maxnames", "maxnames", "INTERFACE_LIST_MAX", remote.InterfaceListMax),
	remote.ProcConnectListSecrets:                list("Maxuuids", "maxuuids", "SECRET_LIST_MAX", remote.SecretListMax),
	remote.ProcConnectListNwfilters:              list("Maxnames", "maxnames", "NWFILTER_LIST_MAX", remote.NwfilterListMax),
	remote.ProcDomainSnapshotListNames:           list("Maxnames", "maxnames", "DOMAIN_SNAPSHOT_LIST_MAX", remote.DomainSnapshotListMax),
	remote.ProcDomainSnapshotListChildrenNames:   list("Maxnames", "maxnames", "DOMAIN_SNAPSHOT_LIST_MAX", remote.DomainSnapshotListMax),
	remote.ProcDomainGetVcpus:                    maps("Maxinfo", "maxinfo", "maxinfo"),
	remote.ProcDomainGetVCPUPinInfo:              maps("Ncpumaps", "ncpumaps", "maplen"),
	remote.ProcDomainBlockPeek:                   {plain("Size", remote.DomainBlockPeekBufferMax, "size > maximum buffer size")},
	remote.ProcDomainMemoryPeek:                  {plain("Size", remote.DomainMemoryPeekBufferMax, "size > maximum buffer size")},
	remote.ProcDomainMemoryStats:                 {plain("MaxStats", remote.DomainMemoryStatsMax, "maxStats > REMOTE_DOMAIN_MEMORY_STATS_MAX")},
	remote.ProcDomainGetSchedulerParameters:      params(remote.DomainSchedulerParametersMax),
	remote.ProcDomainGetSchedulerParametersFlags: params(remote.DomainSchedulerParametersMax),
	remote.ProcDomainGetMemoryParameters:         params(remote.DomainMemoryParametersMax),
	remote.ProcDomainGetBlkioParameters:          params(remote.DomainBlkioParametersMax),
	remote.ProcNodeGetCPUStats:                   params(remote.NodeCPUStatsMax),
	remote.ProcNodeGetMemoryStats:                params(remote.NodeMemoryStatsMax),
	remote.ProcDomainBlockStatsFlags:             params(remote.DomainBlockStatsParametersMax),
	remote.ProcDomainGetBlockIOTune:              params(remote.DomainBlockIOTuneParametersMax),
	remote.ProcDomainGetNUMAParameters:           params(remote.DomainNUMAParametersMax),
	remote.ProcDomainGetInterfaceParameters:      params(remote.DomainInterfaceParametersMax),
	remote.ProcNodeGetMemoryParameters:           params(remote.NodeMemoryParametersMax),
	remote.ProcDomainGetCPUStats: {
		plain("Nparams", remote.NodeCPUStatsMax, "nparams too large"),
		plain("Ncpus", remote.DomainGetCPUStatsNcpusMax, "ncpus too large"),
	},
}
