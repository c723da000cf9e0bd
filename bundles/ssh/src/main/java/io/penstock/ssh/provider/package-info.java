// SPDX-License-Identifier: Apache-2.0
/** SSH without a container: the provider that a caller makes by hand. */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.ssh.provider;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
