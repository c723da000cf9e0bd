// SPDX-License-Identifier: Apache-2.0
/** Everything without OSGi: one object on the class path or the module path. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.standalone;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
