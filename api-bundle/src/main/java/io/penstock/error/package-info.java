// SPDX-License-Identifier: Apache-2.0
/**
 * The types of failure. Every exception is an {@link java.io.IOException} that implements {@link
 * io.penstock.error.StreamFault}, so that a handler finds the name of the stream and the count in
 * one place.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.error;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
