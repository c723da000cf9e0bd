// SPDX-License-Identifier: Apache-2.0
/**
 * The command line, as a component that uses the services. Nothing here is for other bundles.
 *
 * <p>{@link io.penstock.cli.CommandLineComponent} is the only class that knows the framework: it
 * hands what it was given to {@link io.penstock.cli.Tool}, which reads the arguments and runs a
 * command.
 */
@NullMarked
package io.penstock.cli;

import org.jspecify.annotations.NullMarked;
