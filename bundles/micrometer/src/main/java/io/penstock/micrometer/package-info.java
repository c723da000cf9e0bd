// SPDX-License-Identifier: Apache-2.0
/** The metrics for Micrometer. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.micrometer;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
