// SPDX-License-Identifier: Apache-2.0
/**
 * SFTP: the kind {@code sftp-server:}, a file server for clients that speak this protocol through a
 * channel.
 *
 * <p>A separate, optional bundle. In a container its service is registered by itself, and nothing
 * else is needed. Without one, {@link io.penstock.sftp.SftpProvider} is made by hand.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.sftp;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
