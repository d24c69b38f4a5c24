package qemu

import (
	"strconv"
	"strings"
)

// What QEMU answers, as far as it is looked at.
type (
	// runState is query-status.
	runState struct {
		Status  string `json:"status"`
		Running bool   `json:"running"`
	}
	// chardev is one of query-chardev.
	chardev struct {
		Label        string `json:"label"`
		Filename     string `json:"filename"`
		FrontendOpen bool   `json:"frontend-open"`
	}
	// cpuFast is one of query-cpus-fast.
	cpuFast struct {
		Index    int    `json:"cpu-index"`
		Thread   int    `json:"thread-id"`
		QOMPath  string `json:"qom-path"`
		S390Stat string `json:"cpu-state"`
	}
	// qomProperty is one of qom-list.
	qomProperty struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	// balloonInfo is query-balloon.
	balloonInfo struct {
		Actual uint64 `json:"actual"`
	}
	// balloonStats is the property guest-stats of a balloon; all bits set is not known.
	balloonStats struct {
		LastUpdate int64             `json:"last-update"`
		Stats      map[string]uint64 `json:"stats"`
	}
	// blockStats is one of query-blockstats.
	blockStats struct {
		Device   string      `json:"device"`
		QDev     string      `json:"qdev"`
		NodeName string      `json:"node-name"`
		Stats    ioStats     `json:"stats"`
		Parent   *blockStats `json:"parent"`
		Backing  *blockStats `json:"backing"`
	}
	ioStats struct {
		ReadBytes       uint64 `json:"rd_bytes"`
		ReadOps         uint64 `json:"rd_operations"`
		ReadTime        uint64 `json:"rd_total_time_ns"`
		WriteBytes      uint64 `json:"wr_bytes"`
		WriteOps        uint64 `json:"wr_operations"`
		WriteTime       uint64 `json:"wr_total_time_ns"`
		FlushOps        uint64 `json:"flush_operations"`
		FlushTime       uint64 `json:"flush_total_time_ns"`
		HighestOffset   uint64 `json:"wr_highest_offset"`
		ReadMerged      uint64 `json:"rd_merged"`
		WriteMerged     uint64 `json:"wr_merged"`
		FailedReads     uint64 `json:"failed_rd_operations"`
		FailedWrites    uint64 `json:"failed_wr_operations"`
		InvalidReads    uint64 `json:"invalid_rd_operations"`
		InvalidWrites   uint64 `json:"invalid_wr_operations"`
		AccountInvalid  bool   `json:"account_invalid"`
		AccountFailed   bool   `json:"account_failed"`
		IdleNanoseconds uint64 `json:"idle_time_ns"`
	}
	// namedNode is one of query-named-block-nodes.
	namedNode struct {
		NodeName  string    `json:"node-name"`
		Threshold uint64    `json:"write_threshold"`
		Image     imageInfo `json:"image"`
	}
	imageInfo struct {
		Filename    string  `json:"filename"`
		Format      string  `json:"format"`
		VirtualSize uint64  `json:"virtual-size"`
		ActualSize  *uint64 `json:"actual-size"`
	}
	// iothread is one of query-iothreads.
	iothread struct {
		ID         string `json:"id"`
		Thread     int    `json:"thread-id"`
		PollMaxNS  uint64 `json:"poll-max-ns"`
		PollGrow   uint64 `json:"poll-grow"`
		PollShrink uint64 `json:"poll-shrink"`
	}
	// dirtyRate is query-dirty-rate.
	dirtyRate struct {
		Status    string `json:"status"`
		StartTime int64  `json:"start-time"`
		CalcTime  int32  `json:"calc-time"`
		Mode      string `json:"mode"`
		Rate      int64  `json:"dirty-rate"`
	}
)

// number is the one in the name of an iothread: "iothread3".
func (t iothread) number() uint {
	n, _ := strconv.ParseUint(strings.TrimPrefix(t.ID, "iothread"), 10, 32)
	return uint(n)
}
