"""Makes `python -m hitl` the same as `hitl`."""

from hitl.cli import main

if __name__ == "__main__":
    main()
