// SPDX-License-Identifier: Apache-2.0
/**
 * The two kinds of end: a {@link io.penstock.stream.ByteSource} to read from and a {@link
 * io.penstock.stream.ByteSink} to write to. Also the limits of waiting, and the signals that tell
 * when a call is worth a try.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.stream;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
