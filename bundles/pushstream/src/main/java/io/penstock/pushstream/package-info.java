// SPDX-License-Identifier: Apache-2.0
/**
 * Sources and sinks as the two sides of an OSGi PushStream.
 *
 * <p>A separate, optional bundle for users of PushStreams. Callers import this package as {@code
 * io.penstock.pushstream; version="[0.1,1.0)"}. Other bundles implement nothing of it, so there is
 * no narrower range for providers. The bundle itself implements consumer types of {@code
 * org.osgi.util.pushstream}, and imports that package as {@code [1.1,2)}.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.pushstream;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
