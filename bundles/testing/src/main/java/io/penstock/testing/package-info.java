// SPDX-License-Identifier: Apache-2.0
/**
 * For authors of providers and users of Penstock: the contract as JUnit cases that run against
 * every kind of pipe and channel, and a channel in memory that a test feeds and inspects.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.testing;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
