// SPDX-License-Identifier: Apache-2.0
/** What X clients show, so that nobody else reaches the user's display. */
@NullMarked
package io.penstock.ssh.impl.x11;

import org.jspecify.annotations.NullMarked;
