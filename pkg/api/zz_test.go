package api
import ("testing";"os")
func TestZZ(t *testing.T){ s:=start(t); a:=s.do("GET","/openapi.json",""); os.WriteFile("/tmp/openapi.json",a.body,0o644); t.Log(a.status,len(a.body)); a=s.do("GET","/metrics",""); os.WriteFile("/tmp/metrics.txt",a.body,0o644); t.Log(string(s.do("GET","/readyz","").body))}
