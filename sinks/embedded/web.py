class HttpSessions:
    def __init__(self, engine): pass
    def close(self): pass
class WebConnection:
    def __init__(self, lease, **k): self.l=lease; self.w=k['watcher']
    def serve(self): self.w.leave(self.l)
