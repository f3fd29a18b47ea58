"""The pages of the viewer, drawn with ``sim.html``: what is read goes in, HTML comes out."""
