//go:build tools

// Package tools pins the official Temporal CLI and development server.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
