// SPDX-License-Identifier: Apache-2.0
/**
 * For tests of bundles that use Penstock: a channel in memory that a test feeds and inspects. Needs
 * no test framework.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.testing;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
