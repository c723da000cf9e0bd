// SPDX-License-Identifier: Apache-2.0
/** Injection by Jakarta CDI: a portable extension, which the container finds by itself. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.cdi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
