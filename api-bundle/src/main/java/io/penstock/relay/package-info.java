// SPDX-License-Identifier: Apache-2.0
/** Copying bytes between two channels, with half-close, failure and back-pressure passed on. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.relay;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
