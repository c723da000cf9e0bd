// SPDX-License-Identifier: Apache-2.0
/** Pipes that survive, in a file. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.durable;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
