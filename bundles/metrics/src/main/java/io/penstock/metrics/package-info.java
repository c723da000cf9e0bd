// SPDX-License-Identifier: Apache-2.0
/**
 * What is measured of each object, for tools that show it. Names and units follow the conventions
 * of OpenTelemetry.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.metrics;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
