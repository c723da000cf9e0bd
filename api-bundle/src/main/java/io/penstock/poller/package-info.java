// SPDX-License-Identifier: Apache-2.0
/** Waiting in one place for many sources, sinks and listeners of any kind. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.poller;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
