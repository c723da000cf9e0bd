// SPDX-License-Identifier: Apache-2.0
/**
 * The two ends that everything is made of: a {@link io.penstock.stream.ByteSource} to read from, a
 * {@link io.penstock.stream.ByteSink} to write to, how long a call may wait, and the signals that
 * tell when it is worth a try.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.stream;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
