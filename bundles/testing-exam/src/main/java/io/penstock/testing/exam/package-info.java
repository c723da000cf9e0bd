// SPDX-License-Identifier: Apache-2.0
/**
 * For tests with Pax Exam: options that bring Penstock into a container. Needs Pax Exam, which the
 * jar does not bring.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.testing.exam;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
