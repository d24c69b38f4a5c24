package hostinfo

import (
	"reflect"
	"testing"
)

func TestResctrl(t *testing.T) {
	files := map[string]string{
		resctrl + "/L3CODE/num_closids": "8\n", resctrl + "/L3CODE/cbm_mask": "7fff\n", resctrl + "/L3CODE/min_cbm_bits": "2\n",
		resctrl + "/L3DATA/num_closids": "8\n", resctrl + "/L3DATA/cbm_mask": "7fff\n", resctrl + "/L3DATA/min_cbm_bits": "1\n",
		resctrl + "/MB/bandwidth_gran": "10\n", resctrl + "/MB/min_bandwidth": "20\n", resctrl + "/MB/num_closids": "4\n",
		resctrl + "/L3_MON/num_rmids":    "176\n",
		resctrl + "/L3_MON/mon_features": "llc_occupancy\nmbm_total_bytes\n",
		resctrl + "/last_cmd_status":     "ok\n",
	}
	r, err := host(t, files).Resctrl()
	if err != nil {
		t.Fatal(err)
	}
	want := []CacheControl{{"code", 1 << 20, 2 << 20, 8}, {"data", 1 << 20, 0, 8}}
	if got := r.Controls(3, 15<<20); !reflect.DeepEqual(got, want) {
		t.Errorf("controls %+v", got)
	}
	if got := r.Controls(2, 15<<20); got != nil {
		t.Errorf("controls of another level %+v", got)
	}
	if r.Bandwidth == nil || *r.Bandwidth != (Bandwidth{10, 20, 4}) {
		t.Errorf("bandwidth %+v", r.Bandwidth)
	}
	if m := r.Monitor; m == nil || m.Max != 176 || !reflect.DeepEqual(m.With("mbm_"), []string{"mbm_total_bytes"}) {
		t.Errorf("monitor %+v", m)
	}
	if r, err := host(t, nil).Resctrl(); err != nil || r.Bandwidth != nil || r.Monitor != nil || r.Controls(3, 1) != nil {
		t.Errorf("without resctrl: %+v, %v", r, err)
	}
	for path, bad := range map[string]string{
		"/L3CODE/cbm_mask": "0\n", "/L3DATA/min_cbm_bits": "x\n", "/MB/min_bandwidth": "-1\n", "/L3_MON/mon_features": "\n",
	} {
		old := files[resctrl+path]
		files[resctrl+path] = bad
		if _, err := host(t, files).Resctrl(); err == nil {
			t.Errorf("%s may be %q", path, bad)
		}
		files[resctrl+path] = old
	}
}
