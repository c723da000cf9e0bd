// SPDX-License-Identifier: Apache-2.0
/**
 * What an operator sees and does, for every shell: the commands, the tables and the JSON.
 *
 * <p>A separate, optional bundle. Callers import this package as {@code io.penstock.operator;
 * version="[0.1,1.0)"}, and so do implementers of {@link io.penstock.operator.CommandOutput}.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.operator;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
