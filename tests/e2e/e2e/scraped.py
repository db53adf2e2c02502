"""What Prometheus scrapes: one HTTP endpoint in the text format."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Scraped:
    def __init__(self, source):
        """source.text() is asked at every scrape, each time by another thread."""
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = source.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def start(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
