// SPDX-License-Identifier: Apache-2.0
/** What the product does now, as data for operators' tools. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.runtime;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
