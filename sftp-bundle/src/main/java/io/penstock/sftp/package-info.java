// SPDX-License-Identifier: Apache-2.0
/**
 * SFTP: the kind {@code sftp-server:}, a server of files for whoever speaks that protocol through a
 * channel.
 *
 * <p>A bundle of its own, which only those install who need it; in a container its service is all
 * there is to know of it. Without one, {@link io.penstock.sftp.SftpProvider} is made by hand.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.sftp;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
