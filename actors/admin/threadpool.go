package admin

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// The parameters of a server's workers. Those of what is there now cannot be set.
const (
	workersMin      = "minWorkers"
	workersMax      = "maxWorkers"
	workersNow      = "nWorkers"
	workersFree     = "freeWorkers"
	workersPriority = "prioWorkers"
	queueDepth      = "jobQueueDepth"
)

func (s *Service) threadpool(_ *dispatch.Call, a *adminprog.ServerGetThreadpoolParametersArgs) (*adminprog.ServerGetThreadpoolParametersRet, error) {
	server, err := s.server(a.Srv.Name)
	if err != nil {
		return nil, err
	}
	if err := checkFlags("adminServerGetThreadPoolParameters", a.Flags); err != nil {
		return nil, err
	}
	st := server.Stats()
	var p virtype.Params
	for _, v := range []struct {
		name  string
		value int
	}{
		{workersMin, st.Min}, {workersMax, st.Max}, {workersNow, st.Workers},
		{workersFree, st.Free}, {workersPriority, st.Priority}, {queueDepth, st.Queue},
	} {
		p.Uint(v.name, uint32(v.value))
	}
	return &adminprog.ServerGetThreadpoolParametersRet{Params: wireParams(p)}, nil
}

func (s *Service) setThreadpool(_ *dispatch.Call, a *adminprog.ServerSetThreadpoolParametersArgs) (*dispatch.Void, error) {
	server, values, err := s.change(a.Srv, "adminServerSetThreadPoolParameters", a.Flags, a.Params, workersMin, workersMax, workersPriority)
	if err != nil {
		return nil, err
	}
	return nil, server.ChangeLimits(func(l *rpc.Limits) error {
		before := l.Max
		replace(&l.Min, values, workersMin)
		replace(&l.Max, values, workersMax)
		replace(&l.Priority, values, workersPriority)
		switch {
		case l.Min > l.Max:
			return virerr.New(virerr.FromNone, virerr.InvalidArg, "minWorkers cannot be larger than maxWorkers")
		case (l.Max == 0) != (before == 0):
			return virerr.New(virerr.FromNone, virerr.InvalidArg, "maxWorkers must not be switched from zero to non-zero and vice versa")
		}
		return nil
	})
}
