// SPDX-License-Identifier: Apache-2.0
/**
 * For authors of providers: the contract as JUnit cases that run against every kind of pipe and
 * channel. Needs JUnit 5, which the bundle does not bring.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.testing.contract;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
