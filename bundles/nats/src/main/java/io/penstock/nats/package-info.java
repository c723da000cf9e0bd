// SPDX-License-Identifier: Apache-2.0
/** Containers that find each other, by servers of NATS. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.nats;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
