package act

import (
	"context"

	"virtree.dev/supervisor/gen"
)

// stays says whether a child that ended stays down.
func stays(r gen.Restart, orderly bool) bool {
	return r == gen.Temporary || r == gen.Transient && orderly
}

// StartChild starts a child of a running supervisor.
func StartChild(ctx context.Context, supervisor gen.Ref, c gen.Child) (gen.Ref, error) {
	return gen.Call(ctx, supervisor, startChild{child: c})
}

// StopChild ends a child of a running supervisor for good.
func StopChild(ctx context.Context, supervisor, child gen.Ref, reason error) error {
	_, err := gen.Call(ctx, supervisor, stopChild{ref: child, reason: reason})
	return err
}
