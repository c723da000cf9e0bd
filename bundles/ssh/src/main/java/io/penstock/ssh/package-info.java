// SPDX-License-Identifier: Apache-2.0
/**
 * SSH: the kinds {@code ssh:}, {@code ssh-listen:} and {@code ssh-forward-listen:}, and what their
 * channels offer beside two ends.
 *
 * <p>A separate, optional bundle. In a container its service is registered by itself; without a
 * container, {@link io.penstock.ssh.provider.SshProvider} is made by hand. What a channel offers is
 * asked for by {@link io.penstock.channel.Channel#facet}: {@link io.penstock.ssh.SshClientFacet} on
 * the side that connected, {@link io.penstock.ssh.SshServerFacet} on the side that accepted, {@link
 * io.penstock.ssh.SshForwardFacet} where a third party has connected.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.ssh;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
