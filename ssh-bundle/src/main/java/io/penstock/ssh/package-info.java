// SPDX-License-Identifier: Apache-2.0
/**
 * SSH: the kinds {@code ssh:}, {@code ssh-listen:} and {@code ssh-forward-listen:}, and what their
 * channels offer beside two ends.
 *
 * <p>A bundle of its own, which only those install who need it. In a container its service is found
 * by itself; without one, {@link io.penstock.ssh.SshProvider} is made by hand. What a channel
 * offers is asked for by {@link io.penstock.channel.Channel#facet}: {@link
 * io.penstock.ssh.SshClientFacet} on the side that connected, {@link
 * io.penstock.ssh.SshServerFacet} on the side that accepted, {@link
 * io.penstock.ssh.SshForwardFacet} where somebody else has connected.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.ssh;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
