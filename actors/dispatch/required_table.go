package dispatch

import "virtree.dev/protocol/remote"

func needs(list ...requirement) []requirement { return list }

var (
	needCPUMap = requirement{"Cpumap", present, "cpumap"}
	needParams = requirement{"Params", present, "params"}
	needMemory = requirement{"Memory", notZero, "memory"}
	// A number of results of zero makes libvirt's daemon pass no array at all.
	needRoom = []requirement{{"Nparams", present, "params"}, {"Nparams", positive, "*nparams"}}
)

// optional are numbers of results that may be zero, for which the number is told.
var optional = needs(requirement{"Nparams", notNegative, "*nparams"})

// requirements are by procedure of the remote program, in the order in which
// libvirt checks them.
var requirements = map[int32][]requirement{
	remote.ProcDomainLookupByID:                  needs(requirement{"ID", notNegative, "id"}),
	remote.ProcDomainGetVcpus:                    needs(requirement{"Maxinfo", present, "info"}),
	remote.ProcDomainPinVCPU:                     needs(needCPUMap),
	remote.ProcDomainPinVCPUFlags:                needs(needCPUMap),
	remote.ProcDomainPinEmulator:                 needs(needCPUMap),
	remote.ProcDomainPinIothread:                 needs(needCPUMap),
	remote.ProcDomainSetMaxMemory:                needs(needMemory),
	remote.ProcDomainSetMemory:                   needs(needMemory),
	remote.ProcDomainSetMemoryFlags:              needs(needMemory),
	remote.ProcDomainSetVcpus:                    needs(requirement{"Nvcpus", notZero, "nvcpus"}),
	remote.ProcDomainSetVcpusFlags:               needs(requirement{"Nvcpus", notZero, "nvcpus"}),
	remote.ProcDomainGetSchedulerParameters:      needRoom,
	remote.ProcDomainGetSchedulerParametersFlags: needRoom,
	remote.ProcDomainSetSchedulerParameters:      needs(needParams),
	remote.ProcDomainSetSchedulerParametersFlags: needs(needParams),
	remote.ProcDomainSetMemoryParameters:         needs(needParams),
	remote.ProcDomainSetBlkioParameters:          needs(needParams),
	remote.ProcDomainSetNUMAParameters:           needs(needParams),
	remote.ProcDomainSetInterfaceParameters:      needs(needParams),
	remote.ProcDomainSetPerfEvents:               needs(needParams),
	remote.ProcDomainSetIothreadParams:           needs(needParams),
	remote.ProcDomainSetLaunchSecurityState:      needs(needParams),
	remote.ProcNodeSetMemoryParameters:           needs(needParams),
	remote.ProcDomainSetBlockIOTune:              needs(requirement{"Params", positive, "nparams"}),
	remote.ProcDomainGetMemoryParameters:         optional,
	remote.ProcDomainGetBlkioParameters:          optional,
	remote.ProcDomainGetNUMAParameters:           optional,
	remote.ProcDomainGetInterfaceParameters:      optional,
	remote.ProcDomainGetBlockIOTune:              optional,
	remote.ProcDomainBlockStatsFlags:             optional,
	remote.ProcNodeGetCPUStats:                   optional,
	remote.ProcNodeGetMemoryStats:                optional,
	remote.ProcNodeGetMemoryParameters:           optional,
	remote.ProcNodeGetCellsFreeMemory:            needs(requirement{"Maxcells", positive, "maxCells"}, requirement{"StartCell", notNegative, "startCell"}),
	remote.ProcDomainBlockPeek:                   needs(requirement{"Path", notEmpty, "disk"}),
	remote.ProcDomainGetBlockInfo:                needs(requirement{"Path", notEmpty, "disk"}),
	remote.ProcSecretSetValue:                    needs(requirement{"Value", present, "value"}),
	remote.ProcConnectBaselineCPU:                needs(requirement{"XMLCpus", present, "xmlCPUs"}),
	remote.ProcConnectBaselineHypervisorCPU:      needs(requirement{"XMLCpus", present, "xmlCPUs"}),
	remote.ProcDomainSendKey:                     needs(requirement{"Keycodes", present, "keycodes"}),
	remote.ProcDomainGetVCPUPinInfo:              needs(requirement{"Ncpumaps", positive, "ncpumaps"}, requirement{"Maplen", positive, "maplen"}),
	remote.ProcDomainGetEmulatorPinInfo:          needs(requirement{"Maplen", present, "cpumap"}, requirement{"Maplen", positive, "maplen"}),
	remote.ProcDomainGetCPUStats:                 needs(requirement{"StartCPU", notBelowAll, "start_cpu"}),
	remote.ProcDomainSendProcessSignal:           needs(requirement{"PidValue", notZero, "pid_value"}),
	remote.ProcDomainSetMemoryStatsPeriod:        needs(requirement{"Period", notNegative, "period"}),
	remote.ProcNodeGetFreePages:                  needs(requirement{"Pages", notZero, "npages"}, requirement{"CellCount", notZero, "cellCount"}),
	remote.ProcNodeAllocPages:                    needs(requirement{"PageSizes", notZero, "npages"}, requirement{"CellCount", notZero, "cellCount"}),
	remote.ProcDomainDelIothread:                 needs(requirement{"IothreadID", notZero, "iothread_id"}),
	remote.ProcDomainSetUserPassword:             needs(requirement{"User", present, "user"}, requirement{"Password", present, "password"}),
	remote.ProcDomainRename:                      needs(requirement{"NewName", present, "new_name"}, requirement{"NewName", notEmpty, "new_name"}),
}
