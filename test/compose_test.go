package test

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
)

// The Compose sample is loaded as Compose loads it. What it sets in the container is
// tried with the image itself, by .ci/try-release.
func TestComposeSample(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"../deploy/compose/compose.yaml"},
		cli.WithEnv([]string{"TASKCTL_VERSION=1.0.0", "TASKCTL_AUTH_TOKEN=a token"}), cli.WithName("sample"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service, err := project.GetService("taskctl")
	if err != nil {
		t.Fatal(err)
	}
	if service.Image != "taskctl:1.0.0" || *service.Environment["TASKCTL_AUTH_TOKEN"] != "a token" || len(service.Ports) != 2 ||
		!slices.Contains(service.CapDrop, "ALL") || service.Volumes[0].Target != "/data" {
		t.Errorf("the service is %+v", service)
	}

	bare, err := cli.NewProjectOptions([]string{"../deploy/compose/compose.yaml"}, cli.WithName("sample"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.LoadProject(t.Context()); err == nil {
		t.Error("it starts without a token")
	}
}
