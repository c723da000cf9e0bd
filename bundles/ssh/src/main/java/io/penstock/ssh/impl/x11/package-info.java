// SPDX-License-Identifier: Apache-2.0
/** The cookie that X clients show, so that no other program reaches the user's display. */
@NullMarked
package io.penstock.ssh.impl.x11;

import org.jspecify.annotations.NullMarked;
