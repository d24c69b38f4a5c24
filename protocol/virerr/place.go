package virerr

import "runtime"

// callerPC is the place that called the function which calls it.
func callerPC() uintptr {
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	return pc[0]
}

// Place is where the error was made, for the log; without a function where
// that is not known.
func (e *Error) Place() runtime.Frame {
	if e.pc == 0 {
		return runtime.Frame{}
	}
	frame, _ := runtime.CallersFrames([]uintptr{e.pc}).Next()
	return frame
}
