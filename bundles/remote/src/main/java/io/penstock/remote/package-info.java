// SPDX-License-Identifier: Apache-2.0
/**
 * Endpoints of other containers, found by name: the kind {@code remote:NAME}, and a {@link
 * io.penstock.remote.Connector} for each that is published.
 *
 * <p>A separate, optional bundle. Without OSGi {@code io.penstock.standalone.Penstock} finds the
 * kind where this jar is on the class path or the module path.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.remote;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
