.PHONY: help build test race lint e2e chaos flood bench run release
help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12
build: ## the binary ./taskctl
	go build -o taskctl ./cmd/taskctl
test:  ## what a fresh machine with only Go can run
	go test ./...
race:  ## the same under the race detector
	go test -race ./...
lint:  ## vet and golangci-lint, at the pinned version
	go vet ./... && go tool -modfile=tools/go.mod golangci-lint run ./...
e2e:   ## the built binary: start, stop, crashes, signals
	go test -count=1 ./cmd/taskctl/...
chaos: ## ten minutes of random kills under load, checked (SEED=1)
	go test ./cmd/taskctl/chaos -count=1 -v -timeout=15m -run=TestChaos -chaos.duration=10m -chaos.seed=$(or $(SEED),1)
flood: ## a minute of each kind of flood, with 1,024 and 20,000 descriptors
	go test ./cmd/taskctl/flood -count=1 -v -timeout=90m -flood.duration=1m -flood.files=1024,20000 -flood.settle=1m
bench: ## benchmarks beside the hot code
	go test -run '^$$' -bench . -benchmem ./...
release: ## archives, packages, image, SBOM and checksums in dist/
	go -C tools/release run . -root ../.. -out ../../dist
run:   ## start everything here
	go run ./cmd/taskctl start
