// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.spi.Messages;
import jakarta.servlet.Servlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import org.apache.felix.webconsole.servlet.AbstractServlet;
import org.apache.felix.webconsole.servlet.ServletConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The page in the Felix Web Console, which lets in only users that have logged in there. It is in a
 * frame of the console's page, so that its strict policy is not the console's.
 */
@Component(
    service = Servlet.class,
    property = {
      "felix.webconsole.label=" + WebConsolePage.LABEL,
      "felix.webconsole.title=Penstock",
      "felix.webconsole.category=OSGi",
      "felix.webconsole.css=/" + WebConsolePage.LABEL + "/frame.css"
    })
public final class WebConsolePage extends AbstractServlet {
  static final String LABEL = "penstock";

  private static final Logger LOG = Messages.log("console");
  private static final long serialVersionUID = 1;

  private final transient OperatorPage page;

  /**
   * Activates the component.
   *
   * @param page answers
   */
  @Activate
  public WebConsolePage(@Reference OperatorPage page) {
    this.page = page;
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws jakarta.servlet.ServletException, IOException {
    String path = path(request);
    if (path.isEmpty()) {
      super.doGet(request, response);
    } else if (path.equals("events.stream")) {
      stream(response);
    } else {
      send(response, page.answer(asked(request, path)));
    }
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    send(response, page.answer(asked(request, path(request))));
  }

  @Override
  public void renderContent(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    PrintWriter writer = response.getWriter();
    writer.print(
        "<iframe class=\"penstock\" title=\"Penstock\" src=\""
            + request.getAttribute(ServletConstants.ATTR_PLUGIN_ROOT)
            + "/page.html\"></iframe>");
  }

  private static String path(HttpServletRequest request) {
    String path = request.getPathInfo();
    String prefix = "/" + LABEL;
    String rest = path == null || !path.startsWith(prefix) ? "" : path.substring(prefix.length());
    return rest.startsWith("/") ? rest.substring(1) : rest;
  }

  private static PageRequest asked(HttpServletRequest request, String path) {
    Map<String, String> parameters = new HashMap<>();
    request.getParameterMap().forEach((key, values) -> parameters.put(key, values[0]));
    return new PageRequest(request.getMethod(), path, parameters, request::getHeader);
  }

  private static void send(HttpServletResponse response, PageAnswer answer) throws IOException {
    PageAnswer.HEADERS.forEach(response::setHeader);
    response.setStatus(answer.status());
    response.setContentType(answer.type());
    response.getOutputStream().write(answer.bytes());
  }

  private void stream(HttpServletResponse response) throws IOException {
    if (!page.admitStream()) {
      send(response, PageAnswer.message(503, "too many streams; ask for data.json"));
      return;
    }
    try {
      PageAnswer.HEADERS.forEach(response::setHeader);
      response.setContentType(PageAnswer.STREAM);
      response.flushBuffer();
      page.stream(response.getOutputStream());
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a browser has gone", e);
    } finally {
      page.releaseStream();
    }
  }
}
