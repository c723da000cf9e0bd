// SPDX-License-Identifier: Apache-2.0
/**
 * Sources and sinks as the two sides of an OSGi PushStream.
 *
 * <p>A bundle of its own, which only those install who use PushStreams. Who calls this package
 * imports it as {@code io.penstock.pushstream; version="[0.1,1.0)"}; nothing in it is for others to
 * implement, so there is no narrower range for providers. The bundle itself implements consumer
 * types of {@code org.osgi.util.pushstream}, and imports that as {@code [1.1,2)}.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.pushstream;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
