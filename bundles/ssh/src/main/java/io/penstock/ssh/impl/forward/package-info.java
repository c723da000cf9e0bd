// SPDX-License-Identifier: Apache-2.0
/** Connections that go through a connection of SSH's, from either side. */
@NullMarked
package io.penstock.ssh.impl.forward;

import org.jspecify.annotations.NullMarked;
