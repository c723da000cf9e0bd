// SPDX-License-Identifier: Apache-2.0
/** Pipes: a sink joined to a source through a buffer in memory. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.pipe;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
