// SPDX-License-Identifier: Apache-2.0
/**
 * Serving by registering: a handler that is registered as a service with an address is called for
 * each connection, line or frame.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.serve;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
