// SPDX-License-Identifier: Apache-2.0
/**
 * For tests with JUnit 5: an extension that injects channels, listeners, pipes and pollers, closes
 * them, and fails a test that leaves something open. Needs JUnit 5, which the bundle does not
 * bring.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.testing.junit;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
