// Loads a Compose file as `docker compose` does, with nothing from the environment but an env file, and prints the
// project as JSON: schema, interpolation, extension, consistency of references.
//
// Usage: go run . COMPOSE_FILE ENV_FILE PROFILE,…
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(os.Args[1], os.Args[2], strings.Split(os.Args[3], ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(composeFile, envFile string, profiles []string) error {
	options, err := cli.NewProjectOptions(
		[]string{composeFile},
		cli.WithEnv([]string{"HOME=/home/somebody"}),
		cli.WithEnvFiles(envFile),
		cli.WithDotEnv,
		cli.WithProfiles(profiles),
		cli.WithResolvedPaths(false),
	)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
