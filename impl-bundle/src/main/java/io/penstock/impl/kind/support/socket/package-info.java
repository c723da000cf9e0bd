// SPDX-License-Identifier: Apache-2.0
/** Stream sockets of any address family as drivers: what TCP and Unix sockets have in common. */
@NullMarked
package io.penstock.impl.kind.support.socket;

import org.jspecify.annotations.NullMarked;
